// Memory for arrays of some hundred kilobytes and more, in huge pages where the system has them: a fresh page costs
// more than filling it, and short questions need some five hundred small ones or two huge ones.
#pragma once

#include <cstddef>

namespace rw {

// `bytes` of memory that may hold anything; null where the system has none. Any thread may give back what another took.
void* take_pages(std::size_t bytes);
void give_pages(void* at, std::size_t bytes);

}  // namespace rw
