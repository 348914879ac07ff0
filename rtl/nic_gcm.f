// AES-GCM engine alone. Paths are relative to this folder.
// Level 0
nic_pkg.sv
lib/nic_fifo.sv
// Level 1
crypto/nic_aes_pipe.sv
crypto/nic_ghash.sv
crypto/nic_gcm_issue.sv
// Level 2
crypto/nic_gcm.sv
