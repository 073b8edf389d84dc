// Names that Tor makes up for its TLS connections, and how they differ from names that people write.
//
// A Tor client asks TLS for "www.", letters drawn by lot from the alphabet of base32, ".com"; a relay shows a
// certificate for such a name under ".net" that another such name has signed (Tor's tor-spec, "Negotiating and
// initializing channels"; the names are in its function crypto_random_hostname). The form alone proves nothing:
// www.facebook.com has it.
#pragma once

#include <string_view>

namespace rw {

// The letters between "www." and `ending` if the name has the form: 4 to 25 of a-z and 2-7; else "".
std::string_view tor_form(std::string_view name, std::string_view ending = ".com");

// The logarithm of the odds that these letters were drawn by lot and not written by people, from the frequencies of
// single letters; 0 says nothing, positive is lot. Letters other than a-z and 0-9 count nothing.
double lot_score(std::string_view letters);

// A certificate as relays show it: subject CN=www.….net, issuer CN=www.….com, different letters, and nothing else in
// either.
bool tor_certificate(std::string_view subject, std::string_view issuer);

}  // namespace rw
