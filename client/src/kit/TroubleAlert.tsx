/**
 * Says why something failed and what to do. The element exists before the failure, so that screen readers announce it.
 */
import type { ComponentChildren } from 'preact';
import { CodeLine } from './CodeLine.tsx';
import { kitWords } from './kit-words.ts';
import { Notice } from './Notice.tsx';
import type { Trouble } from './trouble.ts';

type TroubleAlertProps = {
  readonly trouble: Trouble | null;
  /** The id of the element, for the fields that the message is about. */
  readonly id?: string | undefined;
  /** Called by a button that tries again. */
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

/** The same message without its live region, for use inside another one. */
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
