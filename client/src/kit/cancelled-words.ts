/** Words for the images of a cancelled study, in the audit trail and the timeline. */
import { counted } from './counted.ts';
import { formatCount } from './format.ts';

/** "14 images left out, none of them had fully arrived at the gateway". */
export function leftOutWhenCancelled(count: number, arrived: number): string {
  return `${counted(count, 'image', 'images')} left out, ${arrivedOf(count, arrived)}`;
}

function arrivedOf(count: number, arrived: number): string {
  if (count === 1)
    return arrived === 1 ? 'which had arrived at the gateway' : 'which had not fully arrived at the gateway';
  if (arrived === 0) return 'none of them had fully arrived at the gateway';
  return arrived === count
    ? 'all of them had arrived at the gateway'
    : `${formatCount(arrived)} of them had arrived at the gateway`;
}
