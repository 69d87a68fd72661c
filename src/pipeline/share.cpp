#include "pipeline/share.h"

namespace y6q::pipeline {

dist::Share share_of(const dist::Group& group) {
  return group.is_alone() ? dist::array_share_from_environment() : dist::Share{group.rank(), group.size()};
}

stages::RunOptions alone(const stages::Run& run) {
  stages::RunOptions options = run.options();
  options.threads = run.threads();
  return options;
}

}  // namespace y6q::pipeline
