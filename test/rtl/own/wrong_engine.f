wrong_engine.sv
