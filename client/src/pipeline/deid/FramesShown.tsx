/** The number of frames, or of single pictures, that a person has seen, and the button that shows the others. */
import { deidWords } from './deid-words.ts';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import type { FramePlayer } from './frame-player.ts';
import { countShown, type LookedFrames } from './looked-frames.ts';

type FramesShownProps = {
  readonly player: FramePlayer;
  /** The files that are counted together. */
  readonly files: readonly FoundFile[];
  readonly looked: LookedFrames;
  readonly isFirst?: boolean;
  /** Text shown while some frames were not shown yet. */
  readonly needs?: string;
  readonly onPlay?: () => void;
};

export function FramesShown({ player, files, looked, isFirst = false, needs, onPlay }: FramesShownProps) {
  const { shown, frames } = countShown(looked, files);
  if (frames < 2) return null;
  const kind = frames === files.length ? 'pictures' : 'frames';
  const undrawn = countShown(player.undrawn.value, files).shown;
  const isPlaying = player.isPlaying.value;
  const says = deidWords.held.shown(shown, frames, kind);
  return (
    <div class="look-player">
      <button
        type="button"
        class="button"
        autofocus={isFirst}
        onClick={() => {
          if (isPlaying) player.pause();
          else {
            onPlay?.();
            player.play();
          }
        }}
      >
        {isPlaying ? deidWords.held.pause : deidWords.held.showAll(frames - shown, frames, kind)}
      </button>
      <p class="small numbers">{says}</p>
      <p class="unseen" role="status">
        {shown === frames ? says : ''}
      </p>
      {needs && shown < frames && <p class="small quiet look-needs">{needs}</p>}
      {undrawn > 0 && <p class="small">{deidWords.held.undrawn(undrawn)}</p>}
    </div>
  );
}
