// Files of the engine, by paths from this folder.
my_aes.sv
my_ghash.sv
my_engine.sv
