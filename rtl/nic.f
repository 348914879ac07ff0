// The card, levelled: a module only uses modules of lower levels. Paths are relative to rtl/.
// Level 0: package
nic_pkg.sv
// Level 1: leaf cells
lib/nic_fifo.sv
sa/nic_scrub.sv
csr/nic_axil.sv
csr/nic_irq.sv
csr/nic_reset.sv
csr/nic_ring_regs.sv
csr/nic_sa_window.sv
csr/nic_stats.sv
// Level 2: blocks
csr/nic_csr.sv
// Level 3: the card
nic_top.sv
