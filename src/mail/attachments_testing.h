// Small archives and documents for tests, made from what they hold.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rw::testing_files {

inline void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

using Files = std::vector<std::pair<std::string, std::string>>;

// A zip whose members are stored (APPNOTE 4.3); `encrypted` sets the flag only.
inline std::string zip_of(const Files& files, bool encrypted = false) {
  std::string out, directory;
  for (const auto& [name, content] : files) {
    const std::size_t offset = out.size();
    const auto crc = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
    const auto head = [&](std::string& to, bool central) {
      put(to, central ? 0x02014B50 : 0x04034B50, 4);
      if (central) put(to, 20, 2);
      put(to, 20, 2), put(to, encrypted ? 1 : 0, 2), put(to, 0, 2), put(to, 0, 4), put(to, crc, 4);
      put(to, content.size(), 4), put(to, content.size(), 4), put(to, name.size(), 2), put(to, 0, 2);
      if (central) put(to, 0, 2), put(to, 0, 2), put(to, 0, 2), put(to, 0x81A40000, 4), put(to, offset, 4);
      to += name;
    };
    head(out, false);
    out += content;
    head(directory, true);
  }
  const std::size_t at = out.size();
  out += directory;
  put(out, 0x06054B50, 4), put(out, 0, 4), put(out, files.size(), 2), put(out, files.size(), 2);
  put(out, directory.size(), 4), put(out, at, 4), put(out, 0, 2);
  return out;
}

// gzip of `count` zero bytes, without holding them.
inline std::string gzip_of_zeros(std::uint64_t count) {
  z_stream stream{};
  deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string out;
  const std::vector<Bytef> zeros(std::size_t{1} << 20);
  std::vector<Bytef> block(std::size_t{1} << 16);
  while (true) {
    stream.next_in = const_cast<Bytef*>(zeros.data());
    stream.avail_in = static_cast<uInt>(std::min<std::uint64_t>(count, zeros.size()));
    count -= stream.avail_in;
    int status = Z_OK;
    do {
      stream.next_out = block.data();
      stream.avail_out = static_cast<uInt>(block.size());
      status = deflate(&stream, count == 0 ? Z_FINISH : Z_NO_FLUSH);
      out.append(reinterpret_cast<const char*>(block.data()), block.size() - stream.avail_out);
    } while (stream.avail_out == 0);
    if (status == Z_STREAM_END) break;
  }
  deflateEnd(&stream);
  return out;
}

// A compound file of version 3 (MS-CFB) with streams "a/b" in storages; contents are padded to the cutoff, so that all
// of them lie in ordinary sectors.
inline std::string compound_of(const Files& files) {
  constexpr std::size_t kSector = 512, kCutoff = 4096;
  struct Node {
    std::string name;
    std::uint8_t type = 2;
    std::vector<std::size_t> children;
    std::uint32_t start = 0xFFFFFFFE, size = 0;
  };
  std::vector<Node> nodes(1);
  nodes[0].name = "Root Entry", nodes[0].type = 5;
  std::string body;
  std::vector<std::uint32_t> table;
  const auto store = [&](std::string content) {
    const auto first = static_cast<std::uint32_t>(table.size());
    content.resize((content.size() + kSector - 1) / kSector * kSector);
    const std::size_t sectors = content.size() / kSector;
    for (std::size_t i = 0; i < sectors; ++i)
      table.push_back(i + 1 == sectors ? 0xFFFFFFFE : static_cast<std::uint32_t>(table.size() + 1));
    body += content;
    return first;
  };
  for (const auto& [path, content] : files) {
    std::size_t parent = 0;
    std::string rest = path;
    for (std::size_t slash; (slash = rest.find('/')) != std::string::npos; rest.erase(0, slash + 1)) {
      const std::string name = rest.substr(0, slash);
      std::size_t found = 0;
      for (const std::size_t child : nodes[parent].children)
        if (nodes[child].name == name) found = child;
      if (found == 0) {
        found = nodes.size();
        nodes.push_back({name, 1, {}, 0, 0});
        nodes[parent].children.push_back(found);
      }
      parent = found;
    }
    std::string padded = content;
    if (padded.size() < kCutoff) padded.resize(kCutoff);
    nodes[parent].children.push_back(nodes.size());
    const auto size = static_cast<std::uint32_t>(padded.size());
    nodes.push_back({rest, 2, {}, store(std::move(padded)), size});
  }
  std::string directory;
  std::vector<std::uint32_t> right(nodes.size(), 0xFFFFFFFF);
  for (const Node& node : nodes)  // siblings hang on one another to the right
    for (std::size_t i = 0; i + 1 < node.children.size(); ++i)
      right[node.children[i]] = static_cast<std::uint32_t>(node.children[i + 1]);
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    std::string entry;
    for (const char c : nodes[n].name) put(entry, static_cast<unsigned char>(c), 2);
    entry.resize(64);
    put(entry, (nodes[n].name.size() + 1) * 2, 2);
    put(entry, nodes[n].type, 1), put(entry, 1, 1), put(entry, 0xFFFFFFFF, 4), put(entry, right[n], 4);
    put(entry, nodes[n].children.empty() ? 0xFFFFFFFF : nodes[n].children.front(), 4);
    entry.resize(116);
    put(entry, nodes[n].start, 4), put(entry, nodes[n].size, 4), put(entry, 0, 4);
    directory += entry;
  }
  const std::uint32_t directory_at = store(directory);
  const auto table_at = static_cast<std::uint32_t>(table.size());
  const std::size_t table_sectors = (table.size() + 128) / 127;
  for (std::size_t i = 0; i < table_sectors; ++i) table.push_back(0xFFFFFFFD);
  std::string fat;
  for (const std::uint32_t next : table) put(fat, next, 4);
  while (fat.size() % kSector != 0) put(fat, 0xFFFFFFFF, 4);
  std::string out("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
  out.resize(24);
  put(out, 0x3E, 2), put(out, 3, 2), put(out, 0xFFFE, 2), put(out, 9, 2), put(out, 6, 2);
  out.resize(44);
  put(out, fat.size() / kSector, 4), put(out, directory_at, 4), put(out, 0, 4), put(out, kCutoff, 4);
  put(out, 0xFFFFFFFE, 4), put(out, 0, 4), put(out, 0xFFFFFFFE, 4), put(out, 0, 4);
  for (std::size_t i = 0; i < 109; ++i) put(out, i < fat.size() / kSector ? table_at + i : 0xFFFFFFFF, 4);
  return out + body + fat;
}

// MS-OVBA 2.4.1 with literal tokens alone.
inline std::string vba_compressed(const std::string& source) {
  std::string out("\x01", 1);
  for (std::size_t at = 0; at < source.size(); at += 3000) {
    const std::string piece = source.substr(at, 3000);
    std::string tokens;
    for (std::size_t i = 0; i < piece.size(); ++i) {
      if (i % 8 == 0) tokens += '\0';
      tokens += piece[i];
    }
    put(out, 0xB000 | (tokens.size() + 2 - 3), 2);
    out += tokens;
  }
  return out;
}

inline std::string module_of(const std::string& source) {
  return std::string(100, '\x05') + vba_compressed("Attribute VB_Name = \"ThisDocument\"\r\n" + source);
}

inline std::string macro_doc(const std::string& source = "Sub AutoOpen()\r\nEnd Sub\r\n") {
  return compound_of({{"WordDocument", std::string(64, '\0')},
                      {"Macros/VBA/dir", "x"},
                      {"Macros/VBA/_VBA_PROJECT", "x"},
                      {"Macros/VBA/ThisDocument", module_of(source)}});
}

inline std::string docm(const std::string& source = "Sub Document_Open()\r\nEnd Sub\r\n") {
  return zip_of({{"[Content_Types].xml",
                  "<Types><Override PartName=\"/word/document.xml\" "
                  "ContentType=\"application/vnd.ms-word.document.macroEnabled.main+xml\"/></Types>"},
                 {"word/document.xml", "<w:document/>"},
                 {"word/vbaProject.bin", compound_of({{"VBA/dir", "x"}, {"VBA/ThisDocument", module_of(source)}})}});
}

inline std::string docx(const std::string& relationships = "<Relationships/>") {
  return zip_of({{"[Content_Types].xml", "<Types/>"},
                 {"word/document.xml", "<w:document/>"},
                 {"word/_rels/settings.xml.rels", relationships}});
}

}  // namespace rw::testing_files
