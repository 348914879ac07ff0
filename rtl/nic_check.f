// What watches the card in simulation: after nic.f. Paths are relative to this folder.
check/nic_check_axi.sv
check/nic_check_axil.sv
check/nic_check_axis.sv
check/nic_check_ports.sv
