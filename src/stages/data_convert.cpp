#include "stages/data_convert.h"

#include "base/atomic_folder.h"

namespace y6q::stages {

DataConverted convert_data(const DataConvertOptions& options, Monitor& monitor) {
  AtomicFolder folder(options.out, "data convert");
  const bool is_coco = options.write.form == data::SetForm::coco;
  DataConverted made{.data = is_coco ? options.out : options.out / "data.yaml",
                     .splits = read_splits(options.source, monitor)};
  for (const data::Dataset& split : made.splits) {
    made.skipped += split.skipped;
    made.crowds += split.findings.crowds;
    if (options.write.form != data::SetForm::yolo) continue;
    for (const data::ImageRecord& record : split.images) made.difficult += std::ssize(record.difficult);
  }
  data::write_set(made.splits, folder.temporary_path(), options.write, monitor);
  folder.commit();
  return made;
}

}  // namespace y6q::stages
