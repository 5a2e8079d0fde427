#include "tenon/core/machine_memory.hpp"

#include "tenon/tensor/tensor.hpp"

#include <cstdint>
#include <string>

#include "support/fake_host.hpp"
#include <doctest/doctest.h>
#include <unistd.h>

using namespace tenon;
using tenon_tests::fake_host;

namespace {

std::optional<std::uint64_t> left(const fake_host& host) {
  return read_memory_left(host.sources());
}

const std::string group = "/sys/fs/cgroup/a/", v1 = "/sys/fs/cgroup/memory/a/";

/// A cgroup v2 with 200000 bytes less than its limit in use, on a machine with more.
struct host_of_v2 : fake_host {
  host_of_v2() {
    v2("/a").put("/proc/meminfo", "MemTotal: 900 kB\nMemAvailable:  800 kB\nSwapFree: 0 kB\n");
    put(group + "memory.max", "500000\n").put(group + "memory.current", "300000\n");
  }
};

}  // namespace

TEST_CASE("nothing is known where no file says so") {
  CHECK_FALSE(left(fake_host()));
}

TEST_CASE("the machine has what is available and its free swap") {
  fake_host host;
  host.put("/proc/meminfo", "MemTotal: 900 kB\nMemAvailable:  800 kB\nSwapFree: 10 kB\n");
  CHECK(left(host) == 810 * 1024);
  host.put("/proc/meminfo", "MemAvailableToo: 1 kB\nMemAvailable: lots\n");
  CHECK_FALSE(left(host));
}

TEST_CASE("the address space is what its limit leaves of the pages in use") {
  fake_host host;
  host.put("/proc/self/statm", "765 428 400 5 0 123 0\n");
  limit_sources sources = host.sources();
  sources.address_space_bytes = std::uint64_t{1} << 30;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  CHECK(read_memory_left(sources) == (std::uint64_t{1} << 30) - 765 * page);
  sources.address_space_bytes = 100;
  CHECK(read_memory_left(sources) == 0);
}

TEST_CASE("a cgroup v2 has its limit less what is used, page cache counted as free") {
  host_of_v2 host;
  host.put(group + "memory.stat", "anon 150000\ninactive_file 100000\nactive_file 20000\n");
  CHECK(left(host) == 320000);
  host.put(group + "memory.current", "900000\n");
  CHECK(left(host) == 0);
  host.put(group + "memory.max", "max\n");
  CHECK(left(host) == 800 * 1024);
}

TEST_CASE("a cgroup that does not tell its page cache is passed over") {
  host_of_v2 host;
  CHECK(left(host) == 800 * 1024);
  host.put(group + "memory.stat", "anon 150000\ninactive_file 100000\n");
  CHECK(left(host) == 800 * 1024);
}

TEST_CASE("swap counts as far as the cgroup may use it") {
  host_of_v2 host;
  host.put(group + "memory.stat", "inactive_file 0\nactive_file 0\n");
  host.put("/proc/meminfo", "MemAvailable:  800 kB\nSwapFree: 100 kB\n");
  CHECK(left(host) == 200000 + 102400);
  host.put(group + "memory.swap.max", "1000\n").put(group + "memory.swap.current", "400\n");
  CHECK(left(host) == 200600);
  host.put(group + "memory.swap.max", "0\n");
  CHECK(left(host) == 200000);
}

TEST_CASE("the tightest group above the process decides") {
  host_of_v2 host;
  host.v2("/a/b");
  host.put(group + "memory.stat", "inactive_file 0\nactive_file 0\n");
  host.put(group + "b/memory.max", "max\n").put(group + "b/memory.current", "100\n");
  CHECK(left(host) == 200000);
}

TEST_CASE("a cgroup v1 limits memory, and memory and swap together") {
  fake_host host;
  host.v1("/a").put("/proc/meminfo", "MemAvailable:  800 kB\nSwapFree: 100 kB\n");
  host.put(v1 + "memory.limit_in_bytes", "500000\n").put(v1 + "memory.usage_in_bytes", "300000\n");
  host.put(v1 + "memory.stat", "inactive_file 7\ntotal_inactive_file 50000\ntotal_active_file 0\n");
  CHECK(left(host) == 250000 + 102400);
  host.put(v1 + "memory.memsw.limit_in_bytes", "510000\n");
  host.put(v1 + "memory.memsw.usage_in_bytes", "300000\n");
  CHECK(left(host) == 260000);
  host.put(v1 + "memory.limit_in_bytes", "9223372036854771712\n");
  host.put(v1 + "memory.memsw.limit_in_bytes", "9223372036854771712\n");
  CHECK(left(host) == 900 * 1024);
}

TEST_CASE(
    "what the machine has not is refused, unless the guard is off, and the next request is met") {
  const auto real = read_memory_left();
  REQUIRE(real);
  CHECK(*real > 1 << 20);
  const auto more = static_cast<std::int64_t>(*real) * 2;
  const auto refused = take_memory(more);
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().kind == code::resource);
  CHECK(refused.failure().message.starts_with(
      cat("memory limit: ", more, " bytes more are needed, the machine or the cgroup has ")));
  CHECK_FALSE(tensor::make(dtype::u8, {more}));
  CHECK(take_memory(1 << 20));
  guard_memory(false);
  CHECK(take_memory(more));
  guard_memory(true);
  CHECK_FALSE(take_memory(more));
}
