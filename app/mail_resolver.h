// The resolver of a mail command's line: the flags that all of them share, and what they make.
#pragma once

#include <memory>

#include "command.h"
#include "resolver/resolver.h"

namespace rw {

namespace flags {
extern const Flag kResolver;      // --resolver ADDRESS[@PORT], repeatable
extern const Flag kZone;          // --zone FILE, repeatable: zone files alone answer
extern const Flag kTimeout;       // --timeout DURATION, of one question
extern const Flag kNoValidation;  // --no-dnssec
}  // namespace flags

// For the array of a command's flags.
#define RW_RESOLVER_FLAGS &flags::kResolver, &flags::kZone, &flags::kTimeout, &flags::kNoValidation

// A caching resolver, shared by all threads of the command. kUsage for flags that exclude each other or values that are
// none, kNotFound for a zone file that is not there.
Result<std::shared_ptr<Resolver>> make_resolver(const Arguments& args);

}  // namespace rw
