/* A folder without sources of its own yet still is a library. */
typedef int rcx_empty_translation_unit;
