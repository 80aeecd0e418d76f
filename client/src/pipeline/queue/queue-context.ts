/** The queue, provided to views. */
import { provided } from '../../kit/provided.ts';
import type { QueueStore } from './queued-study.ts';

export const [ProvideQueue, useQueue] = provided<QueueStore>('queue');
