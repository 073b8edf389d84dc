// Subject files from the command line or the lake's folder.
#include "subjects.h"

#include <algorithm>
#include <filesystem>

#include "open_lake.h"

namespace rw {
namespace flags {
extern constinit const Flag kSubject{
    .name = "subject", .value = "FILE", .doc = "a subject file: what is watched", .repeatable = true};
}

Result<Subject> checked_subject(const std::string& path, Store& store) {
  return read_subject(path, [&](const std::string& zone) {
    const auto offsets = store.zone_offsets(zone, {Timestamp{}, Timestamp{} + kDay});
    return offsets ? std::string() : offsets.error().message;
  });
}

Result<DetectContext> detect_context(const Arguments& args, Lake& lake, TimeRange range) {
  std::vector<std::string> files = args.all(flags::kSubject);
  if (files.empty()) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(lake.directory() + "/subjects", error))
      if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
  }
  DetectContext context;
  context.range = range;
  for (const std::string& file : files) {
    RW_ASSIGN(Subject subject, checked_subject(file, lake));
    for (const Subject& other : context.subjects)
      if (other.id == subject.id)
        return Failure(ErrorCode::kUsage, file + ": the id '" + subject.id + "' belongs to another subject already");
    context.subjects.push_back(std::move(subject));
  }
  RW_ASSIGN(Settings settings, lake_settings(args));
  context.organisation = std::move(settings.organisation);
  context.thresholds = std::move(settings.thresholds);
  RW_ASSIGN(context.reference, Reference::load(lake, range));
  return context;
}

}  // namespace rw
