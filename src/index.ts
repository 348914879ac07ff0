// SPDX-License-Identifier: BSD-2-Clause
// The public API. What the commands do, a script can do with these.
export {
  BusError,
  FAULT_MEM_SILENT,
  FAULT_READ_ERROR,
  FAULT_REG_SILENT,
  FAULT_WRITE_ERROR,
  type NicBus,
  type SimConfig,
  type SimTotals,
  type SimWorld,
} from './dev/nic/nic_bus.ts';
export type { NicOptions } from './dev/nic/nic_config.ts';
export { createWorld } from './harness/create_world.ts';
export { espSaOf } from './harness/esp_sa_of.ts';
export { finishRun, passed } from './harness/finish_run.ts';
export type { Violation } from './harness/oracle/violation.ts';
export { WireOracle } from './harness/oracle/wire_oracle.ts';
export type { RunReport } from './harness/run_report.ts';
export {
  defineScenario,
  SCENARIOS,
  type Scenario,
  type ScenarioParams,
} from './harness/scenario.ts';
export type { PacketSize } from './harness/sizes.ts';
export type { TapFrame } from './harness/tap.ts';
export { addressOf, INNER, OUTER } from './harness/topology.ts';
export type { UdpFlow, UdpFlowOptions } from './harness/udp_flow.ts';
export { StalledError, type World } from './harness/world.ts';
export type { WorldOptions } from './harness/world_options.ts';
export type { Host } from './host.ts';
export type { MTagPool } from './kern/m_tag.ts';
export type { MbufPool } from './kern/mbuf.ts';
export type { UdpSocket } from './netinet/socket.ts';
export type { Carrier, OffloadRequest } from './netipsec/pact.ts';
export { SetkeyError } from './netipsec/setkey_error.ts';
export { espSaFile } from './report/esp_sa.ts';
