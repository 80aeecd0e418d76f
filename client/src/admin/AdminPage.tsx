/** An administration page: its header, its purpose, why a change was refused, and its content once loaded. */
import type { ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Known, Resource } from '../kit/resource.ts';
import type { AdminTask } from '../kit/routes.ts';
import type { Trouble } from '../kit/trouble.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { adminWords } from './admin-words.ts';
import { AdminHead } from './AdminHead.tsx';

type AdminPageProps<T> = {
  readonly at: Exclude<AdminTask, 'overview'>;
  readonly intro: string;
  readonly of: Resource<T, Trouble>;
  readonly trouble?: ReadonlySignal<Trouble | null>;
  readonly onAgain?: () => void;
  readonly children: (value: T, known: Known) => ComponentChildren;
  /** Shown at the end, whether or not the content is loaded. */
  readonly after?: ComponentChildren;
};

export function AdminPage<T>({ at, intro, of, trouble, onAgain, children, after }: AdminPageProps<T>) {
  return (
    <main id="content" class={`page stack admin ${at}`} aria-busy={of.answer.value.state === 'loading'}>
      <AdminHead at={at} />
      <p class="quiet">{intro}</p>
      {trouble && <TroubleAlert trouble={trouble.value} {...(onAgain && { onAgain })} />}
      <WhenKnown of={of} loading={adminWords.loading}>
        {children}
      </WhenKnown>
      {after}
    </main>
  );
}
