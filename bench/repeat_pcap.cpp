// Repeats a capture N times, each round an hour later and with other client ports' traffic kept as it is:
//   repeat_pcap IN.pcap TIMES OUT.pcap    (classic pcap, little-endian; as `editcap -F pcap` writes)
#include <cstring>
#include <fstream>
#include <sstream>

#include "wire.h"

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: repeat_pcap IN.pcap TIMES OUT.pcap\n"), 2;
  std::ifstream in(argv[1], std::ios::binary);
  std::stringstream buffer;
  buffer << in.rdbuf();
  const std::string content = buffer.str();
  std::uint32_t magic = 0;
  if (content.size() >= 24) std::memcpy(&magic, content.data(), 4);
  if (magic != 0xA1B2C3D4) return std::fprintf(stderr, "%s is no little-endian pcap with microseconds\n", argv[1]), 1;
  rw::scenario::FileWriter out;
  rw::bench::check(out.open(argv[3]));
  out.write(content.data(), 24);
  const auto times = std::strtoul(argv[2], nullptr, 10);
  for (unsigned long round = 0; round < times; ++round) {
    for (std::size_t at = 24; at + 16 <= content.size();) {
      std::uint32_t head[4];
      std::memcpy(head, content.data() + at, sizeof head);
      if (at + 16 + head[2] > content.size()) break;
      head[0] += static_cast<std::uint32_t>(round * 3'600);
      out.write(head, sizeof head);
      out.write(content.data() + at + 16, head[2]);
      at += 16 + head[2];
    }
  }
  rw::bench::check(out.close());
  return 0;
}
