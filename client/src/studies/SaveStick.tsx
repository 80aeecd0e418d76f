/** The sheet that saves chosen studies to a file for a USB stick. Loaded when it is opened. */
import { causesOf } from '#shared/protocol/withheld.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import type { PackedStick } from '../pipeline/upload/sender/pack-stick.ts';
import { useStick } from '../pipeline/upload/sender/stick-context.ts';
import { stickWords as words } from '../pipeline/upload/stick/stick-words.ts';
import { openFileTarget } from '../pipeline/upload/stick/write-file.ts';

type Phase =
  | { readonly kind: 'preparing' }
  | { readonly kind: 'saved'; readonly packed: PackedStick }
  | { readonly kind: 'ready'; readonly packed: PackedStick }
  | { readonly kind: 'saving'; readonly percent: number }
  | { readonly kind: 'fault'; readonly fault: keyof typeof words.faults };

export type SaveStickProps = { readonly studyIds: readonly string[]; readonly onClose: () => void };

export function SaveStick({ studyIds, onClose }: SaveStickProps) {
  const { phase, save } = useSaving(studyIds);
  return (
    <Sheet title={words.title} onClose={onClose}>
      <p class="sheet-text">{words.what}</p>
      <p class="sheet-text">{words.stays}</p>
      <div class="stick-outcome" aria-live="polite">
        <Outcome phase={phase} />
      </div>
      <div class="sheet-actions">
        <button type="button" class="button" onClick={onClose}>
          {kitWords.close}
        </button>
        {phase.kind === 'ready' && (
          <button type="button" class="button button-main" onClick={() => void save(phase.packed)}>
            {words.save(phase.packed.studies, phase.packed.bytes)}
          </button>
        )}
      </div>
    </Sheet>
  );
}

function Outcome({ phase }: { readonly phase: Phase }) {
  switch (phase.kind) {
    case 'preparing':
      return <p class="quiet">{words.preparing}</p>;
    case 'ready':
      return <NotInFile packed={phase.packed} />;
    case 'saving':
      return <p class="numbers">{words.saving(phase.percent)}</p>;
    case 'saved':
      return (
        <Notice kind="plain" sign="save" title={words.saved.title(phase.packed.studies)}>
          <NotInFile packed={phase.packed} />
          <p>{words.saved.next}</p>
        </Notice>
      );
    case 'fault':
      return (
        <Notice kind="stop" title={words.faults[phase.fault].title}>
          <p>{words.faults[phase.fault].next}</p>
        </Notice>
      );
    default:
      return null;
  }
}

function NotInFile({ packed }: { readonly packed: PackedStick }) {
  const causes = causesOf(packed.withheld);
  if (causes.length === 0) return null;
  return (
    <p>
      {words.withheld(causes)} {causes.some(([cause]) => cause === 'held') && words.decide}
    </p>
  );
}

/** The file is prepared when the sheet opens, because a browser shows its save dialog only right after a click. */
function useSaving(studyIds: readonly string[]) {
  const stick = useStick();
  const [phase, setPhase] = useState<Phase>({ kind: 'preparing' });
  // The browser may still read the download while the sheet already says that it is saved.
  const free = useRef<(() => void) | null>(null);
  useEffect(() => () => free.current?.(), []);
  useEffect(() => {
    stick.pack(studyIds).then(
      (packed) =>
        setPhase(
          packed.kind === 'packed' ? { kind: 'ready', packed } : { kind: 'fault', fault: packed.kind },
        ),
      () => setPhase({ kind: 'fault', fault: 'failed' }),
    );
  }, []);
  const save = async (packed: PackedStick): Promise<void> => {
    const onPercent = (percent: number) => setPhase({ kind: 'saving', percent });
    const saved = await saveTo(packed, onPercent).catch(() => 'failed' as const);
    if (saved === 'failed') return setPhase({ kind: 'fault', fault: 'failed' });
    free.current = saved;
    setPhase(saved === null ? { kind: 'ready', packed } : { kind: 'saved', packed });
  };
  return { phase, save };
}

/** Null: the person has cancelled; otherwise a function that frees the memory of a download. */
async function saveTo(
  packed: PackedStick,
  onPercent: (percent: number) => void,
): Promise<(() => void) | null> {
  const target = await openFileTarget(`studies-${new Date().toISOString().slice(0, 10)}.relaypacs`);
  if (target === null) return null;
  let written = 0;
  try {
    for await (const piece of packed.pieces()) {
      await target.write(piece);
      written += piece.length;
      onPercent(Math.floor((100 * written) / packed.bytes));
    }
    return await target.close();
  } catch (error) {
    await target.abort();
    throw error;
  }
}
