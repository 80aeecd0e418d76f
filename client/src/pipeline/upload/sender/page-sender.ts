/**
 * The page's side of the worker that sends its queue (sender.worker.ts): it starts the worker, tells it who is signed
 * in, and lends it the session.
 */
import { effect, type ReadonlySignal } from '@preact/signals';
import { maySend } from '../../../net/may-send.ts';
import { lendToken, type FromSender, type ToSender } from './sender-messages.ts';
import type { SessionStore } from '../../../net/session.ts';

/** The parts of a `Worker` used here. */
interface SendingWorker {
  postMessage(message: ToSender): void;
  terminate(): void;
  onmessage: ((message: MessageEvent<FromSender>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

interface PageSenderTools {
  readonly spawn: () => SendingWorker;
  readonly session: Pick<SessionStore, 'state' | 'user' | 'begun' | 'accessToken' | 'renew'>;
  /** Whether the browser has a network. */
  readonly isOnline: ReadonlySignal<boolean>;
}

interface PageSender {
  /** Sends until the worker ends, which happens only after a failure. Never throws. */
  run(): Promise<void>;
  /** Tells the worker that the queue has changed. */
  wake(): void;
}

export function createPageSender({ spawn, session, isOnline }: PageSenderTools): PageSender {
  let worker: SendingWorker | null = null;

  async function lend(to: SendingWorker, { question }: Extract<FromSender, { kind: 'ask' }>): Promise<void> {
    const isTheirs = session.state.peek() !== 'signed-out' && session.user.peek()?.id === question.account;
    to.postMessage({ kind: 'token', answer: await lendToken(question, isTheirs ? session : null) });
  }

  return {
    wake: () => worker?.postMessage({ kind: 'wake' }),
    async run() {
      const ended = Promise.withResolvers<void>();
      const started = spawn();
      started.onerror = () => ended.resolve();
      started.onmessage = ({ data }) => {
        if (data.kind === 'ask') void lend(started, data);
        else ended.resolve();
      };
      const stopTelling = [
        effect(() => started.postMessage({ kind: 'network', isOnline: isOnline.value })),
        effect(() => {
          const state = session.state.value;
          const user = session.user.value;
          if (state === 'unknown') return;
          const begun = session.begun.value;
          const here = { account: user?.id ?? null, state, maySend: user !== null && maySend(user), begun };
          started.postMessage({ kind: 'here', here });
        }),
      ];
      worker = started;
      await ended.promise;
      worker = null;
      for (const stop of stopTelling) stop();
      started.terminate();
    },
  };
}
