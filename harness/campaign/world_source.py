"""The OpenDRIVE text of an episode's world."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET

from harness.campaign.episode_spec import WorldSpec
from harness.campaign.errors import ScenarioError
from scenarios.roads.build import build_opendrive


def opendrive_text(world: WorldSpec) -> str | None:
    """Text to hand to ``generate_opendrive_world``; None where the simulator has the map itself.

    A file that does not say how it looks gets ``texture_pack`` and ``scenery_seed`` as the road builder
    writes them.

    Raises:
        ScenarioError: the file has gone, changed since the campaign was expanded, or is no OpenDRIVE.
    """
    if world.road is not None:
        return build_opendrive(world.road, world.scenery_seed)
    if world.file is None:
        return None
    try:
        content = world.file.read_bytes()
    except OSError as error:
        raise ScenarioError(f"OpenDRIVE file {world.file} cannot be read: {error}") from None
    if hashlib.sha256(content).hexdigest() != world.file_sha256:
        raise ScenarioError(f"OpenDRIVE file {world.file} changed since the campaign started; start a new one")
    try:
        root = ET.fromstring(content)
    except ET.ParseError as error:
        raise ScenarioError(f"OpenDRIVE file {world.file} is not XML: {error}") from None
    header = root.find("header")
    if root.tag != "OpenDRIVE" or header is None:
        raise ScenarioError(f"{world.file} is not an OpenDRIVE file: it has no <OpenDRIVE><header>")
    present = {element.get("code") for element in header.iterfind("userData")}
    for code, value in (("texture_pack", world.texture_pack), ("scenery_seed", str(world.scenery_seed))):
        if code not in present and value is not None:
            ET.SubElement(header, "userData", {"code": code, "value": value})
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
