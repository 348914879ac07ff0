// SPDX-License-Identifier: BSD-2-Clause
import { loadBinding } from '../../src/ffi/binding.ts';
import { NativeWorld } from '../../src/ffi/sim_world.ts';
import { cardLibrary } from '../../src/harness/library.ts';
import { driverContract } from './contract.ts';

const binding = await loadBinding('koffi');
const { library } = await cardLibrary();

driverContract('the RTL', (config) => new NativeWorld(binding, library, config));
