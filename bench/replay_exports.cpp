// Sends the UDP payloads of a pcap to a collector on this machine:  replay_exports IN.pcap PORT DATAGRAMS_PER_SECOND
// Loopback only, paced so that a collector with a large buffer drops nothing; prints how many datagrams went out.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: replay_exports IN.pcap PORT DATAGRAMS_PER_SECOND\n"), 2;
  std::FILE* file = std::fopen(argv[1], "rb");
  if (!file) return std::perror(argv[1]), 1;
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const double rate = std::atof(argv[3]);
  char header[24];
  if (std::fread(header, sizeof header, 1, file) != 1) return std::fprintf(stderr, "%s: too short\n", argv[1]), 1;
  constexpr std::uint32_t kHeaders = 14 + 20 + 8;  // Ethernet, IPv4 without options, UDP: what make_flows writes
  const auto started = std::chrono::steady_clock::now();
  std::vector<char> frame(65'536);
  unsigned long long sent = 0;
  std::uint32_t head[4];
  while (std::fread(head, sizeof head, 1, file) == 1 && head[2] <= frame.size() &&
         std::fread(frame.data(), head[2], 1, file) == 1) {
    if (head[2] <= kHeaders) continue;
    if (::sendto(descriptor, frame.data() + kHeaders, head[2] - kHeaders, 0, reinterpret_cast<sockaddr*>(&to),
                 sizeof to) < 0)
      return std::perror("sendto"), 1;
    if (++sent % 64 == 0) {
      const auto due = started + std::chrono::duration<double>(static_cast<double>(sent) / rate);
      std::this_thread::sleep_until(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(due));
    }
  }
  std::printf("%llu\n", sent);
  ::close(descriptor);
  std::fclose(file);
  return 0;
}
