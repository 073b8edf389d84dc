// Members of an archive in memory, within bounds: zip, 7z, rar, tar, cab, iso and what is compressed by itself.
// The one door to libarchive in this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace rw {

// What one message may still unpack, over all of its archives.
struct UnpackBudget {
  std::size_t bytes = 0;
  unsigned members = 0;
};

struct UnpackedMember {
  std::string name;
  bool encrypted = false;  // then there is no content
  bool cut = false;        // content goes on behind what is given
  std::string_view content;
};

struct UnpackResult {
  bool any = false;        // it could be opened at all
  bool encrypted = false;  // at least one member, or the list of members
  bool bomb = false;       // a bound was met
  bool damaged = false;    // it broke off
  std::string problem;     // for people
};

struct UnpackLimits {
  std::size_t member_bytes = 0;  // of one member that is given
  unsigned ratio = 0;            // a member over the archive's size, once it is above ratio_floor
  std::size_t ratio_floor = std::size_t{1} << 20;
};

// Calls `member` for each file; false from it ends the walk. `compressed_file`: gzip, bzip2, xz, zstd or lz4 around one
// content, which is then the only member, without a name.
UnpackResult unpack(std::string_view bytes, bool compressed_file, const UnpackLimits& limits, UnpackBudget& budget,
                    const std::function<bool(const UnpackedMember&)>& member);
// zlib (RFC 1950), as far as `limit`: for PDF streams.
std::string inflate(std::string_view bytes, std::size_t limit);

}  // namespace rw
