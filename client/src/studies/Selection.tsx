/** Selecting studies in the list, and the actions for all selected ones. */
import { useEffect, useState } from 'preact/hooks';
import { deferred } from '../kit/deferred.tsx';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { CancelSelected, isCancellable } from './CancelSelected.tsx';
import { chooseEntries } from './choose-entries.ts';
import type { DayEntry } from './day-entry.ts';
import { studiesOf } from './join-sends.ts';
import { useDayList } from './studies-context.ts';
import type { SaveStickProps } from './SaveStick.tsx';
import { studiesWords as words } from './studies-words.ts';
import { dismissAll } from './Undo.tsx';

export function SelectToggle() {
  const { selected } = useDayList();
  const isSelecting = selected.value !== null;
  return (
    <button
      type="button"
      class="button button-bare"
      aria-pressed={isSelecting}
      onClick={() => (selected.value = isSelecting ? null : new Set())}
    >
      {isSelecting ? words.selectDone : words.select}
    </button>
  );
}

/** The checkbox of one row. Draws nothing when nobody is selecting, or for studies that are not on this device. */
export function SelectTick({ entry: { key, name, study } }: { readonly entry: DayEntry }) {
  const { selected } = useDayList();
  const now = selected.value;
  if (now === null || study === null) return null;
  const toggle = () => {
    const next = new Set(now);
    if (!next.delete(key)) next.add(key);
    selected.value = next;
  };
  return (
    <label class="study-tick">
      <input type="checkbox" class="tick" checked={now.has(key)} onChange={toggle} />
      <span class="unseen">{words.selectOf(name)}</span>
    </label>
  );
}

const isRemovable = ({ state, removed, needs }: QueuedStudy): boolean =>
  !removed && needs.length === 0 && (state === 'done' || state === 'taken-back');

export function SelectionBar({ entries }: { readonly entries: readonly DayEntry[] }) {
  const queue = useQueue();
  const list = useDayList();
  const now = list.selected.value;
  const isSelecting = now !== null;
  useEffect(() => {
    if (!isSelecting) return;
    const onKey = ({ key, target }: KeyboardEvent) => {
      // In a sheet, Escape closes the sheet; in the search field, it clears the text.
      const isTaken = target instanceof Element && target.closest('dialog, [type=search]') !== null;
      if (key === 'Escape' && !isTaken) list.selected.value = null;
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [isSelecting, list]);
  if (now === null) return null;
  const shown = chooseEntries(entries, list.choice.value, new Date())
    .flatMap((section) => section.entries)
    .filter(({ study }) => study !== null);
  const rows = shown.filter(({ key }) => now.has(key));
  const isAll = rows.length === shown.length;
  const chosen = rows.flatMap(studiesOf);
  const toPause = idsOf(chosen.filter(({ isWaiting, paused }) => isWaiting && !paused));
  const toResume = idsOf(
    chosen.filter(({ isWaiting, paused, cancelling }) => isWaiting && paused && !cancelling),
  );
  const toRemove = rows.filter((row) => studiesOf(row).every(isRemovable));
  const toSave = idsOf(chosen.filter(isSavable));
  const toCancel = chosen.filter(isCancellable);
  const done = () => (list.selected.value = null);
  return (
    <section class="selection" aria-label={words.actions}>
      <p class="numbers">{words.selected(rows.length)}</p>
      <div class="row">
        {shown.length > 0 && (
          <Act
            label={isAll ? words.selectNone : words.selectAll}
            act={() => (list.selected.value = new Set(isAll ? [] : shown.map(({ key }) => key)))}
          />
        )}
        {toPause.length > 0 && (
          <Act label={words.pause} act={() => void queue.pause(...toPause).then(done)} />
        )}
        {toResume.length > 0 && (
          <Act label={words.resume} act={() => void queue.resume(...toResume).then(done)} />
        )}
        <CancelSelected studies={toCancel} onDone={done} />
        {toSave.length > 0 && <SaveButton studyIds={toSave} />}
        {toRemove.length > 0 && (
          <Act
            label={words.remove(toRemove.length)}
            act={() => void dismissAll(queue, list, idsOf(toRemove.flatMap(studiesOf))).then(done)}
          />
        )}
      </div>
    </section>
  );
}

/** Shown where studies wait for a network, before anything is selected. */
export function CarryOffer({ entries }: { readonly entries: readonly DayEntry[] }) {
  const link = useQueue().link.value;
  const isSelecting = useDayList().selected.value !== null;
  const toSave = idsOf(entries.flatMap(studiesOf).filter(isSavable));
  if (isSelecting || toSave.length === 0 || (link !== 'offline' && link !== 'gateway-unreachable'))
    return null;
  return (
    <p class="row row-apart small quiet">
      <span>{words.carry}</span>
      <SaveButton studyIds={toSave} />
    </p>
  );
}

const UNSENT: ReadonlySet<string> = new Set(['safe', 'uploading']);
const isSavable = ({ state, packing, cancelling }: QueuedStudy): boolean =>
  !packing && !cancelling && UNSENT.has(state);

const SaveStick = deferred<SaveStickProps>(
  () => import('./SaveStick.tsx').then((view) => view.SaveStick),
  () => null,
);

function SaveButton({ studyIds }: Pick<SaveStickProps, 'studyIds'>) {
  const [saving, setSaving] = useState<readonly string[] | null>(null);
  return (
    <>
      <Act label={words.save} act={() => setSaving(studyIds)} />
      {saving && <SaveStick studyIds={saving} onClose={() => setSaving(null)} />}
    </>
  );
}

const idsOf = (studies: readonly QueuedStudy[]): readonly string[] => studies.map(({ id }) => id);

function Act({ label, act }: { readonly label: string; readonly act: () => void }) {
  return (
    <button type="button" class="button" onClick={act}>
      {label}
    </button>
  );
}
