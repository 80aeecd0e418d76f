/** The viewers of one destination, each with a name and an address. */
import { type Signal, useSignal } from '@preact/signals';
import type { Destination } from '#shared/protocol/destination.ts';
import { viewerSchema, VIEWERS_LIMIT, type Viewer } from '#shared/protocol/viewer.ts';
import { TextField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { Notice } from '../kit/Notice.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { viewersWords as words } from './viewers-words.ts';

type ViewersSheetProps = {
  readonly destination: Destination;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (id: string, viewers: readonly Viewer[]) => Promise<void>;
  readonly onClose: () => void;
};

const EMPTY: Viewer = { title: '', address: '' };

export function ViewersSheet({ destination, onSave, onClose }: ViewersSheetProps) {
  const rows = useSignal<readonly Viewer[]>(destination.viewers.length === 0 ? [EMPTY] : destination.viewers);
  const form = useForm(troubleOf);
  const save = () =>
    form.submit(async () => {
      const wrong = rows.value.findIndex((row) => !viewerSchema.safeParse(row).success);
      if (wrong >= 0) return mistakeOf(words.mistake(wrong + 1), words.mistakeNext);
      await onSave(destination.id, rows.value);
      onClose();
    });
  return (
    <FormSheet title={words.title(destination.name)} form={form} onSubmit={save} onClose={onClose}>
      <p class="quiet">{words.what}</p>
      <p class="quiet">{words.ofPrimary}</p>
      {!destination.isPrimary && <Notice kind="wait" title={words.ofOther(destination.name)} />}
      {rows.value.length === 0 && <p class="quiet">{words.none}</p>}
      {rows.value.map((_, at) => (
        <OneViewer key={at} rows={rows} at={at} />
      ))}
      {rows.value.length < VIEWERS_LIMIT && (
        <p>
          <button type="button" class="button" onClick={() => (rows.value = [...rows.value, EMPTY])}>
            {words.add}
          </button>
        </p>
      )}
    </FormSheet>
  );
}

function OneViewer({ rows, at }: { readonly rows: Signal<readonly Viewer[]>; readonly at: number }) {
  const { title, address } = rows.value[at]!;
  const change = (part: Partial<Viewer>) => {
    rows.value = rows.value.with(at, { ...rows.value[at]!, ...part });
  };
  return (
    <fieldset class="stack-tight">
      <legend class="strong">{words.nth(at + 1)}</legend>
      <TextField
        label={words.name}
        longest={60}
        value={title}
        onChange={(typed) => change({ title: typed })}
      />
      <TextField
        label={words.address}
        hint={words.example}
        value={address}
        onChange={(typed) => change({ address: typed.trim() })}
      />
      <p>
        <button
          type="button"
          class="button button-bare"
          aria-label={words.remove(at + 1)}
          onClick={() => (rows.value = rows.value.toSpliced(at, 1))}
        >
          {words.removeShort}
        </button>
      </p>
    </fieldset>
  );
}
