// Entry point: hands the command line to the command table.
#include <cstdio>

int main() {
  std::puts("rangewatch");
  return 0;
}
