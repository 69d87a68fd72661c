#include "cli/dataset_options.h"

#include "cli/cache_folder.h"
#include "cli/options.h"

namespace y6q::cli {

void add_dataset_options(CLI::App& app, data::DatasetOptions& options) {
  add_classes(app, options.classes,
              "Keep only these classes of the data set, by name or number (from 0), separated by commas");
  app.add_flag("--skip-broken", options.skip_broken,
               "Leave out images that are broken or have broken labels, and count them")
      ->group(kDataGroup);
  app.add_flag("--keep-difficult", options.keep_difficult,
               "Pascal VOC: treat objects marked as difficult like all others")
      ->group(kDataGroup);
  app.add_flag("--verify", options.index.verify,
               "Read every image, also those whose files have not changed since an earlier command")
      ->group(kDataGroup);
  options.index.folder = image_index_folder();
}

}  // namespace y6q::cli
