//! Rule files, compiled: schema, expressions, matchers, extractors, registry.
