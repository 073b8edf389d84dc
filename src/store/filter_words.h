// The vocabulary of the filter language as tables; filter.cpp knows only the kinds.
#pragma once

#include <cstdint>
#include <string_view>

#include "store/filter.h"

namespace rw {

struct FilterWord {
  enum class Kind : std::uint8_t {
    kHost,        // an address, or a list
    kNet,         // a prefix, or a list
    kPort,        // a port, range or list
    kAsn,         // an AS number, or a list
    kCountry,     // ISO 3166 letters
    kProtocol,    // name or number, or a list
    kIsProtocol,  // no value: the protocol is `number`
    kFamily,      // no value: 4 or 6 in `number`; with an address after it, kHost
    kNumber,      // expression compared with a number
    kDuration,    // expression in microseconds compared with a duration
    kTime,        // column compared with a time
    kText,        // expression like a glob
    kLowerText,   // the same, stored in lower case
    kDomain,      // a name, or any name below it
    kFlags,       // TCP flags
    kDnsType,     // name or number, or a list
    kDnsRcode,
    kDirection,  // ingress or egress
    kIcmpType,   // a number
    kIsNull,     // no value: expression is not known
    kAny,        // no value: everything
  };
  std::string_view word;
  Kind kind;
  ExprPtr (*expression)() = nullptr;  // what is compared
  std::uint8_t number = 0;
};

}  // namespace rw
