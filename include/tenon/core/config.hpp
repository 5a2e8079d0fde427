#pragma once

#include "tenon/version.hpp"

// Heavy non-template bodies are inline in header-only use and external in the compiled library.
#ifdef TENON_COMPILED
#define TENON_INLINE
#else
#define TENON_INLINE inline
#endif

#if !defined(__cpp_exceptions) && !defined(TENON_NO_EXCEPTIONS)
#define TENON_NO_EXCEPTIONS 1
#endif
