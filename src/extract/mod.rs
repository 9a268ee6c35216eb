//! Takes values out of responses: regular expressions and CSS selectors. Pure.
