// Only here so that a target of precompiled headers has something to compile.
