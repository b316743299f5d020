/** The button that switches between light and dark, which a page starts with as the system has it. */

const PLACE = "parlance:theme";
type Theme = "light" | "dark";

export function setUpTheme(changed: (theme: Theme) => void = () => undefined): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = (): void => {
    const theme = chosen() ?? (system.matches ? "dark" : "light");
    document.documentElement.dataset.theme = theme;
    changed(theme);
  };
  system.addEventListener("change", apply);
  document.querySelector(".theme")?.addEventListener("click", () => {
    localStorage.setItem(PLACE, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    apply();
  });
  apply();
}

function chosen(): Theme | undefined {
  const kept = localStorage.getItem(PLACE);
  return kept === "light" || kept === "dark" ? kept : undefined;
}
