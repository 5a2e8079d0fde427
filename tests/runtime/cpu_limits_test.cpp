#include "tenon/runtime/cpu_limits.hpp"

#include <string>
#include <string_view>

#include "support/fake_host.hpp"
#include <doctest/doctest.h>
#include <sched.h>

using namespace tenon;

namespace {

struct fake_host : tenon_tests::fake_host {
  cpu_limits read(int affinity = 8, int option = 0) const {
    return read_cpu_limits(option, sources(affinity));
  }
};

}  // namespace

TEST_CASE("without any file the affinity decides") {
  const fake_host host;
  const cpu_limits got = host.read(3);
  CHECK(got.threads == 3);
  CHECK(got.threads_from == limited_by::affinity);
  CHECK_FALSE(got.quota);
  CHECK(got.memory_bytes == std::uint64_t{1} << 46);
  CHECK(got.str() == "3 threads (affinity; affinity 3), 67108864 MiB");
}

TEST_CASE("a cgroup v2 quota is rounded up and never exceeds the affinity") {
  const struct {
    const char* text;
    int affinity;
    int threads;
  } cases[] = {
      {"50000 100000\n", 8, 1},  {"100000 100000\n", 8, 1}, {"150000 100000\n", 8, 2},
      {"max 100000\n", 8, 8},    {"900000 100000\n", 8, 8}, {"200000\n", 8, 2},
      {"300000 100000\n", 2, 2}, {"30000 10000", 8, 3},
  };

  for (const auto& c : cases) {
    CAPTURE(c.text);
    fake_host host;
    host.v2("/job").put("/sys/fs/cgroup/job/cpu.max", c.text);
    CHECK(host.read(c.affinity).threads == c.threads);
  }
  fake_host half;
  half.v2("/").put("/sys/fs/cgroup/cpu.max", "50000 100000\n");
  CHECK(half.read().quota == doctest::Approx(0.5));
  CHECK(half.read().threads_from == limited_by::quota);
}

TEST_CASE("the tightest cgroup v2 ancestor counts") {
  fake_host host;
  host.v2("/kube/pod/box")
      .put("/sys/fs/cgroup/kube/cpu.max", "400000 100000")
      .put("/sys/fs/cgroup/kube/memory.max", "4096000")
      .put("/sys/fs/cgroup/kube/pod/cpu.max", "150000 100000")
      .put("/sys/fs/cgroup/kube/pod/memory.max", "max")
      .put("/sys/fs/cgroup/kube/pod/box/cpu.max", "max 100000")
      .put("/sys/fs/cgroup/kube/pod/box/memory.max", "8192000\n");
  const cpu_limits got = host.read();
  CHECK(got.threads == 2);
  CHECK(got.memory_bytes == 4096000);
  CHECK(got.str() == "2 threads (cgroup quota; affinity 8, quota 1.5), 3 MiB");
}

TEST_CASE("a container that sees only its own part of the hierarchy") {
  fake_host v2;
  v2.v2("/docker/ab", "/docker/ab").put("/sys/fs/cgroup/cpu.max", "200000 100000");
  CHECK(v2.read().threads == 2);
  fake_host v1;
  v1.v1("/docker/ab", "/docker/ab")
      .put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n")
      .put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  CHECK(v1.read().threads == 3);
  fake_host outside;
  outside.v2("/../other").put("/sys/fs/cgroup/cpu.max", "100000 100000");
  CHECK(outside.read().threads == 1);
}

TEST_CASE("cgroup v1 quota and memory") {
  fake_host host;
  host.v1("/a/b")
      .put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n")
      .put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n")
      .put("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n")
      .put("/proc/meminfo", "MemFree: 1 kB\nMemTotal:       2048 kB\n");
  CHECK(host.read().threads == 8);
  CHECK(host.read().memory_bytes == 2048 * 1024);
  host.put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "25000\n")
      .put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "50000\n")
      .put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n");
  CHECK(host.read().quota == doctest::Approx(0.5));
  CHECK(host.read().threads == 1);
  CHECK(host.read().memory_bytes == 1048576);
}

TEST_CASE("usual mount points are tried when mountinfo is missing") {
  fake_host v2;
  v2.put("/sys/fs/cgroup/cpu.max", "200000 100000");
  CHECK(v2.read().threads == 2);
  fake_host v1;
  v1.put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000")
      .put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  CHECK(v1.read().threads == 1);
}

TEST_CASE("malformed files limit nothing") {
  for (const char* text : {"", "max", "garbage", "-5 100000", "0 100000", "100000 0", "1e5 1e5",
                           "99999999999999999999 1", "100000 x", "\0\0", " 100000 100000"}) {
    CAPTURE(text);
    fake_host host;
    host.v2("/job")
        .put("/sys/fs/cgroup/job/cpu.max", text)
        .put("/sys/fs/cgroup/job/memory.max", "12 kB")
        .put("/proc/meminfo", "MemTotal: lots\n");
    CHECK(host.read().threads == 8);
    CHECK(host.read().memory_bytes == std::uint64_t{1} << 46);
  }
  fake_host host;
  host.put("/proc/self/mountinfo", "short line - \n\n - cgroup2\nx - cgroup2 a b\n")
      .put("/proc/self/cgroup", "::\n0\n:::::\n0::\n");
  CHECK(host.read().threads == 8);
}

TEST_CASE("an escaped mount point is read") {
  fake_host host;
  host.put("/proc/self/cgroup", "0::/\n")
      .put("/proc/self/mountinfo", "30 23 0:26 / /my\\040groups rw - cgroup2 none rw\n")
      .put("/my groups/cpu.max", "100000 100000");
  CHECK(host.read().threads == 1);
}

TEST_CASE("option, TENON_NUM_THREADS, OMP_NUM_THREADS and the quota in this order") {
  fake_host host;
  host.v2("/").put("/sys/fs/cgroup/cpu.max", "200000 100000");
  limit_sources sources;
  sources.root = host.root.path();
  sources.affinity = 8;
  sources.environment = [](const char* name) {
    return std::string_view(name) == "OMP_NUM_THREADS"     ? "5,2"
           : std::string_view(name) == "TENON_NUM_THREADS" ? "6"
                                                           : nullptr;
  };
  CHECK(read_cpu_limits(7, sources).threads == 7);
  CHECK(read_cpu_limits(7, sources).threads_from == limited_by::option);
  CHECK(read_cpu_limits(1 << 20, sources).threads == cpu_limits::max_threads);
  CHECK(read_cpu_limits(0, sources).threads == 6);
  CHECK(read_cpu_limits(0, sources).threads_from == limited_by::tenon_num_threads);
  CHECK(read_cpu_limits(0, sources).cpus() == 2);
  sources.environment = [](const char* name) {
    return std::string_view(name) == "OMP_NUM_THREADS" ? "5,2" : "many";
  };
  CHECK(read_cpu_limits(0, sources).threads == 5);
  CHECK(read_cpu_limits(0, sources).threads_from == limited_by::omp_num_threads);
  sources.environment = [](const char*) { return "0"; };
  CHECK(read_cpu_limits(0, sources).threads == 2);
  sources.environment = [](const char*) { return "-3"; };
  CHECK(read_cpu_limits(-1, sources).threads == 2);
}

TEST_CASE("a malformed TENON_NUM_THREADS can be told from one that counts") {
  limit_sources sources;
  sources.environment = [](const char*) -> const char* { return nullptr; };
  CHECK(check_thread_environment(sources));
  sources.environment = [](const char* name) {
    return std::string_view(name) == "TENON_NUM_THREADS" ? " 8 " : "many";
  };
  CHECK(check_thread_environment(sources));
  CHECK(read_cpu_limits(0, sources).threads == 8);
  sources.environment = [](const char* name) {
    return std::string_view(name) == "TENON_NUM_THREADS" ? "4,2" : "3";
  };
  CHECK(read_cpu_limits(0, sources).threads == 3);
  REQUIRE(!check_thread_environment(sources));
  CHECK(check_thread_environment(sources).failure().kind == code::option);
  CHECK(check_thread_environment(sources).failure().message.find(
            "TENON_NUM_THREADS is '4,2': expected a number from 1 to 1024") != std::string::npos);
  sources.environment = [](const char*) { return "-3"; };
  CHECK(!check_thread_environment(sources));
  sources.environment = [](const char*) { return "1025"; };
  CHECK(!check_thread_environment(sources));
}

TEST_CASE("the real machine is read and its affinity is kept") {
  const cpu_limits real = read_cpu_limits();
  CHECK(real.threads >= 1);
  CHECK(real.memory_bytes > 1 << 20);
  cpu_set_t old;
  REQUIRE(::sched_getaffinity(0, sizeof old, &old) == 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &old) && CPU_COUNT(&one) == 0) CPU_SET(cpu, &one);
  REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  const cpu_limits pinned = read_cpu_limits();
  ::sched_setaffinity(0, sizeof old, &old);
  CHECK(pinned.affinity == 1);
  CHECK(pinned.cpus() == 1);
}
