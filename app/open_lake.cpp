// The lake of a command line.
#include "open_lake.h"

#include "detect/detector.h"
#include "flags.h"

namespace rw {

Result<Settings> lake_settings(const Arguments& args) {
  auto settings =
      read_settings(flags::lake_directory(args) + "/" + std::string(Settings::kFileName), threshold_groups());
  // A wrong file is no wrong command line.
  if (!settings && settings.error().code == ErrorCode::kUsage)
    return Failure(ErrorCode::kCorrupt, settings.error().message);
  return settings;
}

Result<std::unique_ptr<Lake>> open_lake(const Arguments& args, LakeOptions wanted) {
  constexpr std::uint64_t kLeastMemory = 64 << 20;  // below this the engine cannot hold its own buffers
  constexpr std::uint64_t kMaxThreads = 1024;       // more is a typing error
  RW_ASSIGN(const Settings settings, lake_settings(args));
  wanted.memory_bytes = settings.memory_bytes;
  wanted.threads = settings.threads;
  if (args.has(flags::kMemory)) {
    RW_ASSIGN(wanted.memory_bytes, args.size_bytes(flags::kMemory));
    if (wanted.memory_bytes < kLeastMemory) return Failure(ErrorCode::kUsage, "'--memory' must be at least 64Mi");
  }
  if (args.has(flags::kThreads)) {
    RW_ASSIGN(const std::uint64_t threads, args.number(flags::kThreads));
    if (threads == 0 || threads > kMaxThreads) return Failure(ErrorCode::kUsage, "'--threads' must be from 1 to 1024");
    wanted.threads = static_cast<unsigned>(threads);
  }
  return Lake::open(flags::lake_directory(args), wanted);
}

}  // namespace rw
