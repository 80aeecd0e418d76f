/** Why something failed, in a place that is there before it, so that it is announced: what happened, and what to do. */
import type { ComponentChildren } from 'preact';
import { CodeLine } from './CodeLine.tsx';
import { kitWords } from './kit-words.ts';
import { Notice } from './Notice.tsx';
import type { Trouble } from './trouble.ts';

type TroubleAlertProps = {
  readonly trouble: Trouble | null;
  /** Names the place for the fields that it is about. */
  readonly id?: string | undefined;
  /** Asks once more; a button offers it. */
  readonly onAgain?: () => void;
  readonly children?: ComponentChildren;
};

export function TroubleAlert({ trouble, id, onAgain, children }: TroubleAlertProps) {
  return (
    <div id={id} role="alert">
      {trouble && (
        <TroubleNotice trouble={trouble}>
          {children}
          {onAgain && (
            <p>
              <button type="button" class="button" onClick={onAgain}>
                {kitWords.again}
              </button>
            </p>
          )}
        </TroubleNotice>
      )}
    </div>
  );
}

/** The same, where its place is another's. */
export function TroubleNotice({
  trouble,
  children,
}: {
  readonly trouble: Trouble;
  readonly children?: ComponentChildren;
}) {
  return (
    <Notice kind={trouble.kind} title={trouble.title}>
      {trouble.next && <p>{trouble.next}</p>}
      {children}
      {trouble.code && <CodeLine code={trouble.code} />}
    </Notice>
  );
}
