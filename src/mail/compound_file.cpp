// Reads compound files: every chain is bounded by the file's own size, so loops end.
#include "mail/compound_file.h"

#include <algorithm>
#include <cstring>

namespace rw {
namespace {

constexpr std::string_view kMagic("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);  // MS-CFB 2.2
constexpr std::size_t kHeaderBytes = 512;
constexpr std::uint32_t kMaxRegular = 0xFFFFFFFA;  // MS-CFB 2.1: sector numbers above have a meaning of their own
constexpr std::size_t kEntryBytes = 128;           // MS-CFB 2.6.1
constexpr std::size_t kSmallSector = 64;           // MS-CFB 2.2, mini sector size
constexpr std::size_t kMaxSmallStream = std::size_t{16} << 20;  // VBA projects and summaries lie there: far less
constexpr std::size_t kMaxDirectory = CompoundFile::kMaxEntries * kEntryBytes;
constexpr unsigned kMaxTreeDepth = 64;

std::uint32_t u32(std::string_view bytes, std::size_t at) {
  if (at + 4 > bytes.size()) return 0xFFFFFFFF;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}
std::uint16_t u16(std::string_view bytes, std::size_t at) {
  if (at + 2 > bytes.size()) return 0xFFFF;
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) | static_cast<unsigned char>(bytes[at + 1])
                                                                                << 8);
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 63));
  } else {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

struct Entry {
  std::string name;
  std::uint8_t type = 0;  // MS-CFB 2.6.1: 1 storage, 2 stream, 5 root
  std::uint32_t left = 0xFFFFFFFF, right = 0xFFFFFFFF, child = 0xFFFFFFFF, start = 0;
  std::uint64_t size = 0;
};

Entry entry_at(std::string_view directory, std::size_t index) {
  const std::string_view raw = directory.substr(index * kEntryBytes, kEntryBytes);
  Entry entry;
  const std::size_t name_bytes = std::min<std::size_t>(u16(raw, 64), 64);
  for (std::size_t i = 0; i + 2 < name_bytes; i += 2) append_utf8(entry.name, u16(raw, i));
  entry.type = static_cast<std::uint8_t>(raw[66]);
  entry.left = u32(raw, 68), entry.right = u32(raw, 72), entry.child = u32(raw, 76);
  entry.start = u32(raw, 116);
  entry.size = u32(raw, 120) | static_cast<std::uint64_t>(u32(raw, 124)) << 32;
  return entry;
}

}  // namespace

CompoundFile::CompoundFile(std::string_view bytes) : bytes_(bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return;
  const unsigned shift = u16(bytes, 30);  // MS-CFB 2.2: 9 or 12
  if (shift != 9 && shift != 12) return;
  sector_bytes_ = std::size_t{1} << shift;
  directory_ = u32(bytes, 48);
  small_cutoff_ = u32(bytes, 56);
  small_table_ = u32(bytes, 60);
  read_table();
  small_chain_ = chain(small_table_, kMaxSmallStream / kSmallSector * 4);
  read_directory();
  valid_ = !streams_.empty();
}

std::string_view CompoundFile::sector(std::uint32_t id) const {
  const std::uint64_t at = (static_cast<std::uint64_t>(id) + 1) * sector_bytes_;
  if (id >= kMaxRegular || at >= bytes_.size()) return {};
  return bytes_.substr(static_cast<std::size_t>(at), sector_bytes_);
}

std::uint32_t CompoundFile::next(std::uint32_t id) const { return id < table_.size() ? table_[id] : 0xFFFFFFFE; }
std::uint32_t CompoundFile::next_small(std::uint32_t id) const {
  return u32(small_chain_, static_cast<std::size_t>(id) * 4);
}

// The FAT's sectors: 109 in the header, the others in a chain of DIFAT sectors (MS-CFB 2.5).
void CompoundFile::read_table() {
  constexpr std::size_t kInHeader = 109;
  const std::size_t most = bytes_.size() / sector_bytes_ + 1;  // sectors that the file can have
  const auto add = [&](std::uint32_t id) {
    const std::string_view content = sector(id);
    for (std::size_t i = 0; i + 4 <= content.size() && table_.size() < most; i += 4) table_.push_back(u32(content, i));
  };
  for (std::size_t i = 0; i < kInHeader && table_.size() < most; ++i) add(u32(bytes_, 76 + 4 * i));
  std::uint32_t more = u32(bytes_, 68);
  for (std::size_t steps = 0; steps < most && more < kMaxRegular && table_.size() < most; ++steps) {
    const std::string_view content = sector(more);
    if (content.size() < sector_bytes_) break;
    for (std::size_t i = 0; i + 8 <= content.size(); i += 4) add(u32(content, i));
    more = u32(content, sector_bytes_ - 4);
  }
}

std::string CompoundFile::chain(std::uint32_t start, std::size_t limit) const {
  std::string out;
  const std::size_t most = bytes_.size() / sector_bytes_ + 1;
  std::size_t steps = 0;
  for (std::uint32_t id = start; id < kMaxRegular && out.size() < limit && steps < most; id = next(id), ++steps) {
    const std::string_view content = sector(id);
    if (content.empty()) break;
    out.append(content.substr(0, limit - out.size()));
  }
  return out;
}

void CompoundFile::read_directory() {
  const std::string directory = chain(directory_, kMaxDirectory);
  const std::size_t count = directory.size() / kEntryBytes;
  if (count == 0) return;
  const Entry root = entry_at(directory, 0);
  small_stream_ = chain(root.start, static_cast<std::size_t>(std::min<std::uint64_t>(root.size, kMaxSmallStream)));
  std::vector<bool> seen(count);
  struct Visit {
    std::uint32_t index;
    std::string parent;
    unsigned depth;
  };
  std::vector<Visit> pending{{root.child, "", 0}};
  while (!pending.empty()) {
    const Visit visit = std::move(pending.back());
    pending.pop_back();
    if (visit.index >= count || seen[visit.index]) continue;
    seen[visit.index] = true;
    const Entry entry = entry_at(directory, visit.index);
    pending.push_back({entry.left, visit.parent, visit.depth});
    pending.push_back({entry.right, visit.parent, visit.depth});
    if (entry.type != 1 && entry.type != 2) continue;
    std::string path = visit.parent + entry.name;
    if (entry.type == 1 && visit.depth < kMaxTreeDepth) pending.push_back({entry.child, path + "/", visit.depth + 1});
    streams_.push_back({std::move(path), entry.size, entry.start, entry.type == 1});
  }
  std::sort(streams_.begin(), streams_.end(),
            [](const CompoundStream& a, const CompoundStream& b) { return a.path < b.path; });
}

const CompoundStream* CompoundFile::find(std::string_view path) const {
  for (const CompoundStream& stream : streams_)
    if (std::equal(path.begin(), path.end(), stream.path.begin(), stream.path.end(),
                   [](char a, char b) { return lower(a) == lower(b); }))
      return &stream;
  return nullptr;
}

std::string CompoundFile::read(const CompoundStream& stream, std::size_t limit) const {
  if (stream.storage) return "";
  limit = static_cast<std::size_t>(std::min<std::uint64_t>(limit, stream.size));
  if (stream.size >= small_cutoff_) return chain(stream.start, limit);
  std::string out;
  const std::size_t most = small_stream_.size() / kSmallSector + 1;
  std::size_t steps = 0;
  for (std::uint32_t id = stream.start; id < kMaxRegular && out.size() < limit && steps < most;
       id = next_small(id), ++steps) {
    const std::size_t at = static_cast<std::size_t>(id) * kSmallSector;
    if (at >= small_stream_.size()) break;
    out.append(std::string_view(small_stream_).substr(at, std::min(kSmallSector, limit - out.size())));
  }
  return out;
}

std::string vba_decompressed(std::string_view container, std::size_t limit) {
  constexpr std::size_t kChunk = 4096;  // MS-OVBA 2.4.1.1.5
  std::string out;
  if (container.empty() || container[0] != 1) return out;
  for (std::size_t at = 1; at + 2 <= container.size() && out.size() < limit;) {
    const unsigned header = u16(container, at);
    if ((header >> 12 & 7) != 3) break;  // the signature of a chunk
    const std::size_t end = std::min(at + (header & 0xFFF) + 3, container.size());
    at += 2;
    const std::size_t chunk_begin = out.size();
    if ((header & 0x8000) == 0) {  // as it is
      out.append(container.substr(at, std::min(kChunk, container.size() - at)));
      at += kChunk;
      continue;
    }
    while (at < end) {
      const auto flags = static_cast<unsigned char>(container[at++]);
      for (unsigned bit = 0; bit < 8 && at < end; ++bit) {
        if ((flags >> bit & 1) == 0) {
          out += container[at++];
          continue;
        }
        if (at + 2 > end) return out;
        const unsigned token = u16(container, at);
        at += 2;
        const std::size_t here = out.size() - chunk_begin;
        unsigned bits = 4;
        while ((std::size_t{1} << bits) < here) ++bits;  // MS-OVBA 2.4.1.3.19.1
        if (bits > 12) return out;
        const std::size_t length = (token & (0xFFFFU >> bits)) + 3;
        const std::size_t back = (token >> (16 - bits)) + 1;
        if (back > here || here + length > kChunk) return out;
        for (std::size_t i = 0; i < length; ++i) out += out[out.size() - back];
      }
    }
    at = end;
  }
  if (out.size() > limit) out.resize(limit);
  return out;
}

}  // namespace rw
