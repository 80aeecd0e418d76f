/** The messages between the gateway and the engine's process, one question at a time. */
import type { Tensor } from '#shared/models/model.ts';
import type { EngineFaultCode, EngineModel } from './engine.ts';

/** `input` null: the file is only read and checked, not run. */
export type EngineQuestion = { readonly model: EngineModel; readonly input: Tensor | null };

export type EngineAnswer =
  | {
      readonly kind: 'done';
      readonly outputs: Readonly<Record<string, Tensor>>;
      readonly residentBytes: number;
    }
  | {
      readonly kind: 'fault';
      readonly code: EngineFaultCode;
      readonly detail: string | null;
      readonly residentBytes: number;
    };

/** The first message from the process. */
export type EngineStart =
  | { readonly kind: 'ready' }
  | { readonly kind: 'not-ready'; readonly detail: string };

/** The signal with which the process ends itself when it holds too much memory. Nothing else sends it. */
export const MEMORY_SIGNAL = 'SIGUSR2';
