// Shapes of conversations that the streams of case 2019 are made of, and who its ordinary clients are.
#pragma once

#include <array>
#include <cstdint>

#include "scenario/case_2019.h"

namespace rw::scenario::case_2019 {

constexpr Timestamp at(int year, unsigned month, unsigned day, int hour = 0) {
  // Days from civil, for constants only: years 2017 to 2019, so no century rule is needed.
  constexpr std::array<int, 12> kBefore{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const int days =
      17'167 + (year - 2017) * 365 + kBefore[month - 1] + static_cast<int>(day) - 1;  // 2017-01-01 is day 17,167
  return Timestamp::from_seconds(days * 86'400LL + hour * 3'600LL);
}

// A TCP connection of about `bytes`, `down` (a share) of them from the server, at 4 to 40 Mbit/s.
void fill_tcp(Rng& rng, Timestamp t, std::uint64_t bytes, double down, Conversation& c);
// The same in UDP: packets without flags.
void fill_udp(Rng& rng, Timestamp t, std::uint64_t bytes, double down, Conversation& c);
// A browser or proxy of the watched space and a server somewhere, over HTTP.
void browse(Rng& rng, Timestamp t, std::uint64_t bytes, std::uint32_t client, Conversation& c);
// Makes it HTTPS.
void secure(Conversation& c);
// Somebody in the world and a server of the watched space.
void serve(Rng& rng, Timestamp t, std::uint64_t bytes, std::uint32_t server, Service service, double down,
           Conversation& c);

inline std::uint16_t ephemeral(Rng& rng) { return static_cast<std::uint16_t>(32'768 + rng.below(28'000)); }

// Half of the conversations go round the list, so that each member is seen at any scale; half prefer its beginning.
inline std::uint32_t pick(Rng& rng, std::uint64_t made, std::uint32_t count) {
  return made % 2 == 0 ? static_cast<std::uint32_t>(made / 2 % count) : rng.skewed(count);
}

// Clients of the national block that are there from the beginning, n below kOldClients.
inline constexpr std::uint32_t kOldClients = 256;
constexpr std::uint32_t old_client(std::uint32_t n) {
  constexpr std::array<std::uint32_t, 4> kBlocks{v4(175, 45, 176, 128), v4(175, 45, 177, 32), v4(175, 45, 178, 32),
                                                 v4(175, 45, 179, 32)};
  return kBlocks[n / 64 % 4] + n % 64;
}

inline constexpr std::uint32_t kMainWeb = v4(175, 45, 176, 67);
inline constexpr std::array<std::uint32_t, 4> kOtherWeb{v4(175, 45, 176, 68), v4(175, 45, 176, 71),
                                                        v4(175, 45, 176, 79), v4(175, 45, 176, 81)};

}  // namespace rw::scenario::case_2019
