/** Why something failed, in a place that is there before it, so that it is announced: what happened, and what to do. */
import type { ComponentChildren } from 'preact';
import { CodeLine } from './CodeLine.tsx';
import { Notice } from './Notice.tsx';

export type TroubleAlertProps = {
  readonly trouble: {
    /** `wait`: nobody has to act. */
    readonly kind?: 'wait' | 'stop';
    readonly title: string;
    readonly next: string | null;
    readonly code?: string | null;
  } | null;
  /** Names the place for the fields that it is about. */
  readonly id?: string;
  readonly children?: ComponentChildren;
};

export function TroubleAlert({ trouble, id, children }: TroubleAlertProps) {
  return (
    <div id={id} role="alert">
      {trouble && (
        <Notice kind={trouble.kind ?? 'stop'} title={trouble.title}>
          {trouble.next && <p>{trouble.next}</p>}
          {children}
          {trouble.code && <CodeLine code={trouble.code} />}
        </Notice>
      )}
    </div>
  );
}
