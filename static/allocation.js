/* Sharing people out by weights within bounds, as targets/allocation.py does; both are tried on the same
   vectors. Whole numbers of any size, so that remainders compare exactly. */
window.allocation = (() => {
  "use strict";
  const sum = (numbers) => numbers.reduce((whole, one) => whole + one, 0);
  const least = (unit) => unit.locked ?? (unit.is_exempt ? 0 : unit.floor ?? 0);
  const most = (unit) => unit.locked ?? (unit.is_exempt ? 0 : unit.ceiling ?? null);
  const weight = (unit) => BigInt(unit.weight ?? 0);

  /* What is set for one unit alone goes before the rules for all, which give way as far as needed. */
  const within = (people, by) => Math.max(Math.min(people, by.ceiling ?? people), by.floor ?? 0);
  const bounded = (unit, by) => ({
    ...unit,
    floor: by.floor ?? within(unit.floor ?? 0, by),
    ceiling: by.ceiling ?? ((unit.ceiling ?? null) === null ? null : within(unit.ceiling, by)),
    locked: by.locked ?? ((unit.locked ?? null) === null || by.is_exempt ? null : within(unit.locked, by)),
    is_exempt: Boolean(unit.is_exempt || by.is_exempt),
  });
  const fault = (unit, by) => {
    const said = [by.floor, by.ceiling, by.locked].filter((one) => (one ?? null) !== null);
    if (by.is_exempt) return said.length ? "no_part" : "";
    if (said.length && (by.floor ?? 0) > (by.ceiling ?? Infinity)) return "crossed";
    if ((by.locked ?? null) !== null) return within(by.locked, by) === by.locked ? "" : "outside";
    return unit.is_exempt && by.floor ? "no_source" : "";
  };

  const sharedOut = (people, weights) => {
    const whole = weights.reduce((all, one) => all + one, 0n);
    const parts = weights.map((one) => Number((BigInt(people) * one) / whole));
    const rest = weights.map((one) => (BigInt(people) * one) % whole);
    const order = weights.map((_one, place) => place).sort((a, b) => {
      if (rest[a] !== rest[b]) return rest[a] > rest[b] ? -1 : 1;
      if (weights[a] !== weights[b]) return weights[a] > weights[b] ? -1 : 1;
      return a - b;
    });
    order.slice(0, people - sum(parts)).forEach((place) => { parts[place] += 1; });
    return parts;
  };

  const withinBounds = (total, units) => {
    const shares = units.map(least);
    let open = units.map((_one, place) => place).filter((place) => weight(units[place]) && most(units[place]) !== shares[place]);
    let left = total - sum(shares) + sum(open.map((place) => shares[place]));
    while (open.length) {
      const whole = open.reduce((all, place) => all + weight(units[place]), 0n);
      const below = new Map(), above = new Map();
      open.forEach((place) => {
        const fair = BigInt(left) * weight(units[place]), low = BigInt(least(units[place])) * whole;
        const high = most(units[place]) === null ? null : BigInt(most(units[place])) * whole;
        if (low > fair) below.set(place, low - fair);
        else if (high !== null && high < fair) above.set(place, fair - high);
      });
      if (!below.size && !above.size) {
        sharedOut(left, open.map((place) => weight(units[place]))).forEach((part, at) => { shares[open[at]] = part; });
        break;
      }
      const outBelow = [...below.values()].reduce((all, one) => all + one, 0n);
      const outAbove = [...above.values()].reduce((all, one) => all + one, 0n);
      if (outAbove >= outBelow) above.forEach((_by, place) => { shares[place] = most(units[place]); left -= shares[place]; });
      if (outBelow >= outAbove) below.forEach((_by, place) => { shares[place] = least(units[place]); left -= shares[place]; });
      open = open.filter((place) => !(outAbove >= outBelow && above.has(place)) && !(outBelow >= outAbove && below.has(place)));
    }
    return shares;
  };

  const propose = (total, units) => {
    const lows = units.map(least), highs = units.map(most);
    if (units.some((_one, place) => highs[place] !== null && lows[place] > highs[place])) return { shares: lows, obstacle: "bounds_crossed", off_by: total - sum(lows) };
    if (sum(lows) > total) return { shares: lows, obstacle: "floors_above_total", off_by: total - sum(lows) };
    if (highs.every((high) => high !== null) && sum(highs) < total) return { shares: highs, obstacle: "ceilings_below_total", off_by: total - sum(highs) };
    const shares = withinBounds(total, units), off = total - sum(shares);
    if (!off) return { shares, obstacle: "", off_by: 0 };
    const isOpen = shares.some((share, place) => highs[place] === null || share < highs[place]);
    return { shares, obstacle: isOpen ? "nothing_to_weigh_by" : "ceilings_below_total", off_by: off };
  };

  const mixed = (measures, parts) => {
    const names = Object.keys(parts).filter((name) => parts[name] && sum(measures[name]));
    const factor = (name) => names.filter((other) => other !== name).reduce((all, other) => all * BigInt(sum(measures[other])), BigInt(parts[name]));
    const factors = names.map(factor);
    const length = Object.values(measures)[0].length;
    return Array.from({ length }, (_none, place) => names.reduce((all, name, at) => all + factors[at] * BigInt(measures[name][place]), 0n));
  };

  return { propose, mixed, bounded, fault };
})();
