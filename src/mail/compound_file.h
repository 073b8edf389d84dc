// Compound files (MS-CFB: .doc, .xls, .ppt, .msg, vbaProject.bin): streams by name, read within bounds.
//
//   const CompoundFile file(bytes);
//   if (const CompoundStream* stream = file.find("WordDocument")) … file.read(*stream, 4096) …
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rw {

struct CompoundStream {
  std::string path;  // "Macros/VBA/ThisDocument", as UTF-8
  std::uint64_t size = 0;
  std::uint32_t start = 0;
  bool storage = false;
};

class CompoundFile {
 public:
  static constexpr std::size_t kMaxEntries = 20'000;  // real documents have some hundred
  // `bytes` must outlive it. A file that is none, or damaged, has no streams or fewer.
  explicit CompoundFile(std::string_view bytes);

  bool valid() const { return valid_; }
  const std::vector<CompoundStream>& streams() const { return streams_; }
  const CompoundStream* find(std::string_view path) const;  // case does not matter
  std::string read(const CompoundStream& stream, std::size_t limit) const;

 private:
  std::string_view sector(std::uint32_t id) const;
  std::uint32_t next(std::uint32_t id) const;
  std::uint32_t next_small(std::uint32_t id) const;
  std::string chain(std::uint32_t start, std::size_t limit) const;
  void read_table();
  void read_directory();

  std::string_view bytes_;
  bool valid_ = false;
  std::size_t sector_bytes_ = 512;
  std::uint32_t directory_ = 0, small_table_ = 0, small_cutoff_ = 4096;
  std::vector<std::uint32_t> table_;  // the FAT
  std::string small_chain_;           // the mini FAT, as on disk
  std::string small_stream_;
  std::vector<CompoundStream> streams_;
};

// MS-OVBA 2.4.1: decompresses a container, at most `limit` bytes; "" where it is none.
std::string vba_decompressed(std::string_view container, std::size_t limit);

}  // namespace rw
