-F ../../../rtl/own/engine/my_engine.f
slow_engine.sv
