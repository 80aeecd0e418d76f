/** Under the finding that an authority is not trusted: the file of its certificate, saved and tested by choosing it. */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Destination, DestinationWish } from '#shared/protocol/destination.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useSubmit } from '../kit/use-submit.ts';
import { readForm, toTyped } from './destination-form.ts';
import { destinationWords } from './destination-words.ts';
import type { Tested } from './destinations.store.ts';
import { CERTIFICATES_BYTES_LIMIT, toPem } from './read-certificates.ts';
import type { Secrets } from './typed-secrets.ts';

const words = destinationWords.authorityAgain;
const UNTRUSTED = 'certificate-private';

type Props = {
  readonly destination: Destination;
  readonly tested: Tested | null;
  /** Typed on this page. */
  readonly secrets: Secrets;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (wish: DestinationWish) => Promise<void>;
};

export function AuthorityAgain({ destination, tested, secrets, onSave }: Props) {
  const trouble = useSignal<Trouble | null>(null);
  const message = useId();
  const submitting = useSubmit((error) => {
    // A DOMException comes from the chosen file: it is gone, or may not be read.
    trouble.value = error instanceof DOMException ? words.unreadable : troubleOf(error);
  });
  const isUntrusted = tested?.found?.findings.some(({ code }) => code === UNTRUSTED) ?? false;
  if (!isUntrusted || destination.fromEnvironment) return null;
  const save = async (file: File): Promise<void> => {
    const before = toTyped(destination);
    const isSmall = file.size <= CERTIFICATES_BYTES_LIMIT;
    const ca = isSmall ? toPem(new Uint8Array(await file.arrayBuffer())) : '';
    const read = readForm({ ...before, ...secrets, ca }, before);
    const mistake = ca === '' ? 'ca' : read.kind === 'mistake' ? read.field : null;
    trouble.value = mistake === null ? null : mistake === 'ca' ? words.noCertificate : words.secretToo;
    if (mistake !== null || read.kind === 'mistake') return;
    await onSave({ ...read.wish, version: destination.version });
  };
  return (
    <div class="stack-tight">
      <label class="field">
        <span>{words.file(destination.name)}</span>
        <input
          type="file"
          accept=".pem,.crt,.cer,.der"
          disabled={submitting.isBusy.value}
          aria-describedby={message}
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file) void submitting.run(() => save(file));
            // The same file may be chosen again once it was put right.
            currentTarget.value = '';
          }}
        />
      </label>
      <TroubleAlert trouble={trouble.value} id={message} />
    </div>
  );
}
