const levels = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The latest `width` numbers as a line of blocks, by the largest of them; nothing moved is a space. */
export function formatSparkline(numbers: readonly number[], width: number): string {
  const shown = numbers.slice(-Math.max(0, width));
  const largest = Math.max(0, ...shown);
  return shown
    .map((number) => (number <= 0 ? ' ' : levels[Math.min(7, Math.floor((number / largest) * 8))]))
    .join('')
    .padStart(width);
}

/** How much of something is done, as a bar. */
export function formatBar(part: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, part)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}
