// The fuzz target of QUIC protects its packets with what the unit tests use.
#include "format/quic_protect_test.cpp"  // NOLINT(bugprone-suspicious-include)
