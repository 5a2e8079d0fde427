#pragma once

#include "tenon/core/limit_sources.hpp"

#include <string>
#include <string_view>

#include "support/scratch_folder.hpp"

namespace tenon_tests {

/// A fake root with /proc and /sys/fs/cgroup.
struct fake_host {
  scratch_folder root;

  fake_host& put(const std::string& path, std::string_view text) {
    root.put(path.substr(1), text);
    return *this;
  }

  fake_host& v2(std::string_view group, std::string_view shown = "/") {
    put("/proc/self/cgroup", "0::" + std::string(group) + "\n");
    return put("/proc/self/mountinfo",
               "22 1 0:5 / /proc rw - proc proc rw\n30 23 0:26 " + std::string(shown) +
                   " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
  }

  fake_host& v1(std::string_view group, std::string_view shown = "/") {
    const std::string g(group);
    const std::string s(shown);
    put("/proc/self/cgroup", "9:memory:" + g + "\n4:cpu,cpuacct:" + g + "\n1:name=systemd:/x\n");
    return put("/proc/self/mountinfo",
               "32 31 0:29 " + s +
                   " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                   "33 31 0:30 " +
                   s + " /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n");
  }

  tenon::limit_sources sources(int affinity = 8) const {
    tenon::limit_sources out;
    out.root = root.path();
    out.environment = [](const char*) -> const char* { return nullptr; };
    out.affinity = affinity;
    out.address_space_bytes = std::uint64_t{1} << 46;
    return out;
  }
};

}  // namespace tenon_tests
