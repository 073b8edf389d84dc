// Where inputs come from: files, folders, archives and standard input, decompressed on the way.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/stream.h"

namespace rw {

struct SourceOptions {
  std::uint64_t max_expansion = 4000;              // a compressed input may grow to this many times its stored size …
  std::uint64_t expansion_floor_bytes = 64 << 20;  // … once it is larger than this: beyond, it is a bomb and is cut off
  unsigned max_archive_depth = 3;                  // archives in archives
  std::uint64_t max_members = 1'000'000;           // of one archive
};

// One thing to decode: a file's content, or a member of an archive ("day.tar.gz!conn.log").
struct InputInfo {
  std::string name;  // as people see it: the path as given, with !member for archives; "-" for standard input
  std::uint64_t stored_bytes = 0;  // size on disk, 0 where unknown: for progress
  // Opens the same content again from its start; empty where that is impossible (standard input, archive members).
  std::function<Result<std::unique_ptr<ByteStream>>()> reopen;
  // Bytes read from disk so far, for progress over compressed inputs.
  std::function<std::uint64_t()> position;
};

class InputVisitor {
 public:
  virtual ~InputVisitor() = default;
  // `stream` lives during the call; what is left unread is skipped. A failure stops the walk.
  virtual Result<void> input(const InputInfo& info, ByteStream& stream) = 0;
  // A path that could not be opened, or an archive that broke off: told, and the walk goes on.
  virtual void unreadable(const std::string& name, const Error& error) = 0;
};

// Visits every input under `paths`, folders in name order, "-" for standard input. Hidden files, sockets and devices
// are skipped; of a Maildir, what is still being delivered (tmp), and its own hidden folders are not. Returns kNotFound
// only when a path that was named does not exist.
Result<void> visit_inputs(std::span<const std::string> paths, const SourceOptions& options, InputVisitor& visitor);
// The same for bytes in memory, such as an attachment: the names told are `name`, with !member for archives.
Result<void> visit_content(const std::string& name, Bytes content, const SourceOptions& options, InputVisitor& visitor);
// Sum of the sizes of all files under `paths`, for progress.
std::uint64_t total_stored_bytes(std::span<const std::string> paths);

}  // namespace rw
