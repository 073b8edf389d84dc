// tar and zip archives, member by member.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/stream.h"
#include "source/codec.h"

namespace rw {

enum class Archive { kNone, kTar, kZip };

// By the first 512 bytes. A tar header is known by its checksum, so old archives without a magic number count too.
Archive detect_archive(Bytes head);

struct ArchiveMember {
  std::string name;        // as stored, without a leading "./"
  bool encrypted = false;  // then the stream cannot be read
  std::uint64_t size = 0;  // as the archive says, 0 where it does not
};

// Calls `member` for each ordinary file of the archive, in stored order; what it leaves unread is skipped. `seekable`
// (may be null) lets a zip be read by its central directory. Fails with kCorrupt where the archive breaks off, with
// kLimit over `max_members` or a bomb, or with what `member` returned.
Result<void> read_archive(ByteStream& input, class FileStream* seekable, Archive kind, std::uint64_t max_members,
                          ExpansionBudget& budget,
                          const std::function<Result<void>(const ArchiveMember&, ByteStream&)>& member);

}  // namespace rw
