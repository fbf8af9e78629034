/** @returns the darker or the lighter ink, whichever is read better on a colour `#rrggbb` */
export function inkOn(color: string): '#000000' | '#ffffff' {
  const light = luminance(color);
  // The ratios of contrast to black and to white (WCAG 2).
  return (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) ? '#000000' : '#ffffff';
}

/** Relative luminance, 0…1; of what is no such colour that of black. */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    if (Number.isNaN(part)) return 0;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
