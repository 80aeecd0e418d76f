/**
 * Shown below the finding that an authority is not trusted: choosing the file of its certificate saves it and tests
 * again.
 */
import type { Destination, DestinationWish } from '#shared/protocol/destination.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useForm } from '../kit/use-form.ts';
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
  /** The secrets typed on this page. */
  readonly secrets: Secrets;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (wish: DestinationWish) => Promise<void>;
};

export function AuthorityAgain({ destination, tested, secrets, onSave }: Props) {
  // A DOMException comes from the chosen file, which is gone or may not be read.
  const form = useForm((error) => (error instanceof DOMException ? words.unreadable : troubleOf(error)));
  const isUntrusted = tested?.found?.findings.some(({ code }) => code === UNTRUSTED) ?? false;
  if (!isUntrusted || destination.fromEnvironment) return null;
  const save = (file: File) =>
    form.submit(async () => {
      const before = toTyped(destination);
      const isSmall = file.size <= CERTIFICATES_BYTES_LIMIT;
      const ca = isSmall ? toPem(new Uint8Array(await file.arrayBuffer())) : '';
      const read = readForm({ ...before, ...secrets, ca }, before);
      if (ca === '' || (read.kind === 'mistake' && read.field === 'ca')) return words.noCertificate;
      if (read.kind === 'mistake') return words.secretToo;
      await onSave({ ...read.wish, version: destination.version });
    });
  return (
    <div class="stack-tight">
      <label class="field">
        <span>{words.file(destination.name)}</span>
        <input
          type="file"
          accept=".pem,.crt,.cer,.der"
          disabled={form.isBusy.value}
          aria-describedby={form.message}
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file) void save(file);
            // Lets the same file be chosen again after it was corrected.
            currentTarget.value = '';
          }}
        />
      </label>
      <TroubleAlert trouble={form.mistake.value} id={form.message} />
    </div>
  );
}
