#pragma once

#include "tenon/core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace tenon::inline v0 {

/// The data of a raw deflate stream (RFC 1951) that must be exactly `expected_bytes` long.
result<std::string> inflate(std::span<const std::byte> packed, std::uint64_t expected_bytes);

/// CRC-32 of RFC 1952 and ZIP; continues from `previous`.
std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t previous = 0);

}  // namespace tenon::inline v0

#ifndef TENON_COMPILED
#include "tenon/impl/formats_inflate.hpp"
#endif
